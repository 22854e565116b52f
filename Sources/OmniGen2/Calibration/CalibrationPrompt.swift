import QwenVL

/// A prompt for a picture as a calibration reads it.
struct CalibrationPrompt {
    let text: String

    static let negative = CalibrationPrompt(text: GenerationRequest.defaultNegativePrompt)
    private static let tokenLimit = 256

    /// Token ids of the rendered prompt, as many as are read.
    func ids(_ tokenizer: Tokenizer) -> [Int] {
        Array(tokenizer.encode(ChatTemplate.imagePrompt(text)).prefix(Self.tokenLimit))
    }
}
