import Torch

/// Answers by published names from a source that spells them otherwise. Errors name the tensors as the file does.
package final class RenamedSource: WeightSource {
    private let source: any WeightSource
    private let table: NameTable
    private let storedNames: [String: String]
    private let pointwiseConvolutions: Set<String>

    /// What a published name stands for, and what has no published name.
    package let names: [String]?

    /// - Throws: `WeightError.ambiguous` when two tensors of the source have one published name.
    package init(_ source: any WeightSource, _ table: NameTable) throws {
        var storedNames: [String: String] = [:]
        var pointwise: Set<String> = []
        var unknown: [String] = []
        for stored in source.names ?? [] {
            guard let (published, isPointwise) = table.published(stored) else {
                unknown.append(stored)
                continue
            }
            if let other = storedNames.updateValue(stored, forKey: published) {
                throw WeightError.ambiguous(keys: [other, stored].sorted(), origin: source.origin)
            }
            if isPointwise { pointwise.insert(published) }
        }
        self.source = source
        self.table = table
        self.storedNames = storedNames
        pointwiseConvolutions = pointwise
        names = storedNames.keys.sorted() + unknown
    }

    package var origin: String { source.origin }

    package func storedName(of name: String) -> String {
        // A name that only the file has is its own.
        if storedNames[name] == nil, names?.contains(name) == true { return name }
        return storedNames[name] ?? table.stored(name)
    }

    package func releaseMemory(of name: String) { storedNames[name].map(source.releaseMemory) }

    package func shape(of name: String) -> [Int]? {
        storedNames[name].flatMap(source.shape).map { publishedShape($0, of: name) }
    }

    package func tensor(_ name: String, _ shape: [Int], initial: InitialValue) throws -> Tensor? {
        guard let stored = storedNames[name] else { return nil }
        let storedShape = source.shape(of: stored) ?? shape
        guard let tensor = try source.tensor(stored, storedShape, initial: initial) else { return nil }
        return storedShape == shape ? tensor : try tensor.reshaped(shape)
    }

    private func publishedShape(_ shape: [Int], of name: String) -> [Int] {
        let isPointwise = pointwiseConvolutions.contains(name) && shape.count == 4 && shape[2...] == [1, 1]
        return isPointwise ? Array(shape[..<2]) : shape
    }
}
