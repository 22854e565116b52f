import Synchronization

@testable import OmniGen2
@testable import Server

/// A model that draws one colour, as fast or slowly as a test wants.
final class ScriptedModel: ServedModel {
    private struct State {
        var drawn: [String] = []
        var cancelled: [String] = []
        var adapters: [[Adapter]] = []
    }

    private let state = Mutex(State())
    private let secondsPerStep: Double

    init(secondsPerStep: Double = 0) { self.secondsPerStep = secondsPerStep }

    /// Prompts in the order in which they were drawn to the end, and those that were stopped.
    var drawn: [String] { state.withLock { $0.drawn } }
    var cancelled: [String] { state.withLock { $0.cancelled } }
    /// The adapters of each picture that was begun.
    var adapters: [[Adapter]] { state.withLock { $0.adapters } }

    func draw(
        _ request: GenerationRequest, adapters: [Adapter], progress: @escaping @Sendable (OmniGen2.Progress) -> Void
    ) async throws -> [Image] {
        state.withLock { $0.adapters.append(adapters) }
        do {
            for step in 1...request.steps {
                try await Task.sleep(for: .seconds(secondsPerStep))
                progress(.step(step, of: request.steps))
                if request.previewInterval > 0, step % request.previewInterval == 0, step < request.steps {
                    progress(.preview(try Self.picture(request, 8, 8), step: step))
                }
            }
        } catch {
            state.withLock { $0.cancelled.append(request.prompt) }
            throw error
        }
        guard request.prompt != "break" else { throw GenerationError.model("damaged weights in /secret/path") }
        state.withLock { $0.drawn.append(request.prompt) }
        return try (0..<request.count).map { _ in try Self.picture(request, request.width, request.height) }
    }

    private static func picture(_ request: GenerationRequest, _ width: Int, _ height: Int) throws -> Image {
        let shade = UInt8(truncatingIfNeeded: request.seed)
        return try Image(width: width, height: height, pixels: Array(repeating: shade, count: 3 * width * height))
    }

    /// Says the message again, word by word, and draws where it begins with "draw".
    func reply(_ chat: ChatExchange, onEvent: @escaping @Sendable (ChatEvent) -> Void) async throws -> ChatReply {
        var request = chat.options.picture
        request.prompt = chat.message
        request.references = chat.images
        let draws = chat.message.hasPrefix("draw") && chat.options.allowsPictures
        var pictures: [Image] = []
        if draws {
            onEvent(.drawing)
            pictures = try await draw(request, adapters: chat.adapters) { onEvent(.progress($0)) }
        } else {
            for word in chat.message.split(separator: " ") { onEvent(.text("\(word) ")) }
        }
        let text = TextReply(
            text: draws ? "" : "\(chat.message) (after \(chat.past.count), with \(chat.images.count))",
            finishReason: .stopToken, asksForPicture: draws, promptTokens: 7, prefilledTokens: 7, replyTokens: 3,
            seconds: 0)
        return ChatReply(text: text, pictures: pictures, request: request)
    }
}
