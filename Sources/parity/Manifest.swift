#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `manifest.json` of a set of recorded numbers.
struct Manifest: Decodable {
    struct Tensor: Decodable {
        let file: String
        let name: String
        let shape: [Int]
        let how: String
        let tolerance: String
    }

    struct Cases: Decodable {
        let file: String
    }

    /// The set's name, which is part of the names that the weight formula hashes.
    let set: String?
    let checkpoint: String
    /// A tokenizer folder with the whole vocabulary, if the set has one.
    let full_tokenizer: String?
    let tensors: [Tensor]
    let json: [Cases]?
}
