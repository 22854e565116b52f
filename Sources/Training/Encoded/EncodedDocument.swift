import OmniGen2

/// `encoded.json` of a folder of encoded samples: what they were made of, and which file holds which.
struct EncodedDocument: Codable, Equatable, Sendable {
    static let name = "encoded.json"
    static let currentVersion = 1

    /// A file of samples, and how much of it an epoch takes.
    struct Part: Codable, Equatable, Sendable {
        let path: String
        /// Where its relative paths of pictures begin, if not at the file.
        let imageFolder: String?
        let samples: Int
        let samplesPerEpoch: Int
        /// Samples that could not be read.
        let leftOut: Int
        let shards: [Shard]
    }

    /// A safetensors file of samples that follow each other.
    struct Shard: Codable, Equatable, Sendable {
        let file: String
        let samples: Int
    }

    let version: Int
    /// Number type of states and latents, as safetensors spells it.
    let elementType: String
    /// Numbers of a state.
    let textFeatures: Int
    /// The autoencoder's configuration.
    let autoencoder: JSONValue
    /// The transformer's; sides of pictures were made to fit it.
    let patchSize: Int
    /// Pictures and prompts that were computed together; 1 gives the bits of training from pictures.
    let batchSize: Int
    let model: ModelFingerprint
    let reading: Reading
    let parts: [Part]
}

extension EncodedDocument {
    /// The options that decide how a sample is read. Those that are drawn for are not among them.
    struct Reading: Codable, Equatable, Sendable {
        let maximumTextTokens: Int
        let usesChatTemplate: Bool
        let maximumOutputPixels: Int
        let maximumInputPixels: [Int]
        let maximumSide: Int

        init(_ options: DataOptions) {
            maximumTextTokens = options.maximumTextTokens
            usesChatTemplate = options.usesChatTemplate
            maximumOutputPixels = options.maximumOutputPixels
            maximumInputPixels = options.maximumInputPixels
            maximumSide = options.maximumSide
        }

        /// Values by the names that a file of options gives them.
        private var named: [(name: String, value: String)] {
            [
                ("maximum_text_tokens", "\(maximumTextTokens)"), ("use_chat_template", "\(usesChatTemplate)"),
                ("max_output_pixels", "\(maximumOutputPixels)"), ("max_input_pixels", "\(maximumInputPixels)"),
                ("max_side_length", "\(maximumSide)"),
            ]
        }

        /// In which option another one differs first, in words.
        func difference(from other: Reading) -> String? {
            zip(named, other.named).first { $0.value != $1.value }
                .map { "was encoded with \($0.name) \($0.value), the options say \($1.value)" }
        }
    }
}
