import Diffusion
import Layers
import Torch

extension Stage {
    /// Rotary tables of the transformer: rows of the tables, and whole sequences for text, references and image.
    static let rotary = Stage(name: "rope", files: ["rope.safetensors"]) { goldens in
        let file = "rope.safetensors"
        for name in goldens.names(file) where name.contains(".table") {
            try checkTable(goldens, file, name)
        }
        let groups = Set(goldens.names(file).filter { $0.hasSuffix(".all") }.map { String($0.dropLast(4)) })
        for group in groups.sorted() { try checkSequences(goldens, file, group) }
    }

    /// "get_freqs_cis axis 0, rows [0, 1, 2, ...]": the axis' dimensions are twice the width of the record.
    private static func checkTable(_ goldens: Goldens, _ file: String, _ name: String) throws {
        let rows = goldens.how(file, name).bracketedInts(after: "rows")
        let width = try goldens.recorded(file, name).size(1) * 2
        let positions = AxialPositions(dimensions: [width, 0, 0], lengths: [Int.max, Int.max, Int.max])
        try goldens.check(file, name, complex(rows.map { positions.angles(($0, 0, 0)) }))
    }

    /// Text lengths come from the mask, image sizes from the description, and the axes from the set's other tables.
    private static func checkSequences(_ goldens: Goldens, _ file: String, _ group: String) throws {
        let how = goldens.how(file, group + ".all")
        let prefix = group.prefix { $0 != "." }
        let dimensions = try (0..<3).map { try goldens.recorded(file, "\(prefix).table\($0)_rows").size(1) * 2 }
        let positions = AxialPositions(dimensions: dimensions, lengths: [Int.max, Int.max, Int.max])
        let mask = try goldens.input(file, group + ".mask")
        let texts = try (0..<mask.size(0)).map { try mask.selected(0, $0).ints().reduce(0, +) }
        let sizes = SizeLists(how)
        let plan = SequencePlan(
            textLengths: texts, references: sizes.references, grids: sizes.images,
            timesteps: texts.map { _ in 0 })
        let angles = plan.places.map(positions.angles)
        func rows(_ ranges: [[Range<Int>]]) throws -> [Tensor] {
            try ranges.map { try complex($0.flatMap { Array(angles[$0]) }) }
        }
        try goldens.check(file, group + ".cap", rows: rows(plan.textRanges.map { [$0] }))
        if goldens.has(file, group + ".ref") {
            try goldens.check(file, group + ".ref", rows: paddedRows(plan.referenceRanges, angles, dimensions))
        }
        try goldens.check(file, group + ".img", rows: rows(plan.imageRanges.map { [$0] }))
        try goldens.check(
            file, group + ".all",
            rows: rows(zip(plan.textRanges, plan.imageRanges).map { [$0.lowerBound..<$1.upperBound] }))
    }

    private static func paddedRows(
        _ ranges: [[Range<Int>]], _ angles: [[Double]], _ dimensions: [Int]
    ) throws -> [Tensor] {
        try ranges.map { ranges in
            let rows = ranges.flatMap { Array(angles[$0]) }
            return rows.isEmpty
                ? try Tensor.zeros([0, dimensions.reduce(0, +) / 2, 2], dtype: .float64) : try complex(rows)
        }
    }

    /// Angles to (cosine, sine) pairs, float64 [L, D / 2, 2].
    private static func complex(_ angles: [[Double]]) throws -> Tensor {
        let width = angles.first?.count ?? 0
        let tensor = try Tensor(angles.flatMap { $0 }, [angles.count, width])
        return try Tensor.stacked([tensor.cos(), tensor.sin()], 2)
    }
}

/// Sizes in a description like "latent ref sizes (h,w) [[(4, 8)], None], latent image sizes [(8, 4), (4, 6)]", in
/// grids of 2 x 2 patches.
private struct SizeLists {
    let references: [[PatchGrid]]
    let images: [PatchGrid]

    init(_ how: String) {
        let references = how.list(after: "ref sizes (h,w) ")
        let images = how.list(after: "image sizes ")
        self.images = Self.pairs(images)
        // One element of the outer list is a list in brackets or the word None.
        var rest = Substring(references.dropFirst().dropLast())
        var lists: [[PatchGrid]] = []
        while let start = rest.firstIndex(where: { $0 == "[" || $0 == "N" }) {
            if rest[start] == "N" {
                lists.append([])
                rest = rest[start...].dropFirst(4)
            } else {
                let end = rest[start...].firstIndex(of: "]") ?? rest.endIndex
                lists.append(Self.pairs(String(rest[start..<end])))
                rest = rest[end...].dropFirst()
            }
        }
        self.references = lists
    }

    private static func pairs(_ text: String) -> [PatchGrid] {
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
        return stride(from: 0, to: numbers.count - 1, by: 2).map {
            PatchGrid(rows: numbers[$0] / 2, columns: numbers[$0 + 1] / 2)
        }
    }
}

extension String {
    /// The bracketed list behind `words`, brackets included.
    fileprivate func list(after words: String) -> String {
        guard let range = firstRange(of: words) else { return "" }
        var depth = 0
        var result = ""
        for character in self[range.upperBound...] {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            result.append(character)
            if depth == 0 { break }
        }
        return result
    }

    func bracketedInts(after words: String) -> [Int] {
        list(after: words + " ").split { !$0.isNumber }.compactMap { Int($0) }
    }
}
