/// A named thing to measure on a model, or on what a part of the bench shares otherwise.
struct BenchmarkCase<Model> {
    let name: String
    let shape: String
    /// Makes inputs, and says what is to be run.
    let prepare: (Model) throws -> Measurement

    init(_ name: String, _ shape: String, prepare: @escaping (Model) throws -> Measurement) {
        (self.name, self.shape, self.prepare) = (name, shape, prepare)
    }
}

/// A case that cannot be measured.
package struct BenchmarkError: Error, CustomStringConvertible, Sendable {
    package let description: String
    package init(_ description: String) { self.description = description }
}
