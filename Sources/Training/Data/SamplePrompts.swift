import OmniGen2
import QwenVL

/// The texts that a sample can be read with.
///
/// Source: `OmniGen2TrainDataset.process_item`.
extension TrainingSample {
    /// Openings of captions that are left out of every second one.
    private static let openings = [
        "The image portrays ", "The image depicts ", "The image captures ", "The image highlights ",
        "The image shows ", "这张图片展示了",
    ]

    /// The instruction without the opening of a caption; the same one where it has none.
    var instructionWithoutOpening: String {
        guard taskType.contains("text_to_image") || taskType.contains("t2i"),
            let opening = Self.openings.first(where: instruction.contains)
        else { return instruction }
        return instruction.split(separator: opening, omittingEmptySubsequences: false).joined()
    }

    /// - Throws: `SampleError` when the sample has more references than a model takes.
    func requireReferencesFit() throws(SampleError) {
        guard inputImages.count <= GenerationRequest.maximumReferences else {
            throw SampleError(
                origin: origin,
                reason: "at most \(GenerationRequest.maximumReferences) input images, got \(inputImages.count)")
        }
    }
}

extension PromptEncoder {
    /// Token ids of an instruction as training reads it; `nil` is one that was dropped.
    func tokens(_ instruction: String?, _ options: DataOptions) throws -> [Int] {
        let prompt = options.usesChatTemplate ? ChatTemplate.trainingPrompt(instruction) : instruction ?? ""
        return try tokens(prompt, maxTokens: options.maximumTextTokens)
    }
}
