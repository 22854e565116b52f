/// Samples by their place in a file.
package protocol SampleCollection: Sendable {
    associatedtype Sample

    var count: Int { get }

    /// - Throws: `SampleError` where there is no sample.
    subscript(index: Int) -> Sample { get throws(SampleError) }
}
