/// How much of what is finished is kept. What goes first is the oldest.
package struct Retention: Sendable, Equatable {
    /// Jobs.
    package var count = 10_000
    /// Seconds since they ended; `nil` is for ever.
    package var age: Double? = 30 * 24 * 3600
    /// Bytes of their pictures.
    package var bytes = 10 << 30

    package init() {}
}
