/// What a configuration file may ask for: far beyond any model, and small enough that no product of sizes overflows.
package enum ConfigurationLimits {
    /// Widths of layers, heads, vocabularies' hidden sizes.
    package static let size = 1...(1 << 20)
    /// Sides of patches and merges, channels of pictures.
    package static let smallSize = 1...1024
    /// How many layers there are.
    package static let count = 0...4096
}
