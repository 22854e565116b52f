/// How fast this machine runs layers of a model's size, and what the program takes before it does anything.
package struct MachineSpeed: Codable, Sendable, Equatable {
    /// A block of the diffusion transformer without its attention, over tokens.
    package var block: LayerSpeed
    /// Operations of its attention a second.
    package var attentionRate: Double
    /// A layer of the language model, over tokens.
    package var languageLayer: LayerSpeed
    /// The autoencoder without its attention, over pixels.
    package var encoder, decoder: LayerSpeed
    /// Operations of its attention a second.
    package var autoencoderAttentionRate: Double
    /// Numbers packed a second.
    package var packingRate: Double
    /// Bytes read a second from files that are in the page cache.
    package var readingRate: Double
    /// Seconds from the program's start until libtorch is open.
    package var start: Double
    /// Bytes of program and libraries once they have computed something.
    package var programBytes: Int
}
