import Diffusion
import Layers
import QwenVL

/// The sizes of what a request makes the model compute.
struct RunShape {
    /// Sizes in pixels.
    let drawn: PictureSize
    let references: [PictureSize]
    /// Pictures that are drawn at once.
    let count: Int
    /// Tokens of a picture and of each reference.
    let imageTokens: Int
    let referenceTokens: [Int]
    /// Tokens of the prompt, and of the negative prompt where a step is guided.
    let texts: [Int]
    /// The sequences that the layers see at each step; none where all are extrapolated.
    let steps: [[Int]]

    /// - Parameters:
    ///   - texts: tokens of the prompt and of the negative prompt.
    ///   - pixelsOfToken: of a token's side.
    init(_ request: GenerationRequest, texts: (prompt: Int, negative: Int), pixelsOfToken: Int) throws {
        let canvas = try Canvas(request, multiple: pixelsOfToken)
        func tokens(_ size: PictureSize) -> Int { (size.width / pixelsOfToken) * (size.height / pixelsOfToken) }
        (drawn, count) = (canvas.drawn, request.count)
        references = canvas.references.map { PictureSize($0) }
        let (image, seen) = (tokens(drawn), references.map(tokens))
        (imageTokens, referenceTokens) = (image, seen)
        self.texts = request.textGuidance > 1 ? [texts.prompt, texts.negative] : [texts.prompt]
        steps = Self.fullBranches(request, hasReferences: !seen.isEmpty).map { branches in
            branches.flatMap { branch in
                let text = branch == .conditional ? texts.prompt : texts.negative
                let length = text + image + (branch == .unconditional ? 0 : seen.reduce(0, +))
                return Array(repeating: length, count: request.count)
            }
        }
    }

    /// The branches whose layers run, step by step. What TeaCache will skip depends on the picture and is not foreseen.
    private static func fullBranches(_ request: GenerationRequest, hasReferences: Bool) -> [[Guidance.Branch]] {
        let guidance = Guidance(
            textScale: request.textGuidance, imageScale: hasReferences ? request.imageGuidance : 1,
            range: request.guidanceRange)
        var schedules: [Guidance.Branch: TaylorSeer.Schedule] = [:]
        return (0..<request.steps).map { step in
            guidance.branches(step: step, of: request.steps).filter { branch in
                guard case .taylorSeer(let interval, _) = request.cache else { return true }
                return schedules[branch, default: TaylorSeer.Schedule(interval: interval)].isNextFull()
            }
        }
    }
}
