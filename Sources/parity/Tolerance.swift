import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How far a tensor may be from its record, as the manifest's words say it.
///
/// The words are clauses for element types, as in "f32: atol 1e-6; bf16: exact", or one clause for all.
struct Tolerance: Equatable, CustomStringConvertible {
    /// |got - expected| <= absolute + relative * |expected| + ulps * the spacing of numbers at expected.
    var absolute = 0.0
    var relative = 0.0
    var ulps = 0.0
    /// Instead, a bound on the relative L2 distance of the whole tensor.
    var relativeL2: Double?

    /// What "loose" stands for: pictures that differ by rounding everywhere, and by little.
    private static let looseL2 = 0.2

    init(_ words: String, for dtype: DType) {
        let clause = Self.clause(words, dtype)
        let tokens = clause.split { " ,;:<()=|".contains($0) }.map(String.init)
        func number(after word: String) -> Double? {
            tokens.indices.first { tokens[$0] == word && $0 + 1 < tokens.count }.flatMap { Double(tokens[$0 + 1]) }
        }
        if clause.contains("loose") { relativeL2 = Self.looseL2 }
        if clause.contains("relative L2") { relativeL2 = number(after: "error") }
        absolute = number(after: "atol") ?? (clause.contains("|diff|") ? 1 : 0)
        relative = number(after: "rtol") ?? 0
        if number(after: "atol") == nil, number(after: "rtol") == nil, let bare = tokens.first.flatMap(Double.init) {
            absolute = bare
        }
        if clause.contains("ulp") { ulps = 1 }
    }

    /// The clause for a type: the one whose head names it, else the whole text.
    private static func clause(_ words: String, _ dtype: DType) -> String {
        let names: [DType: [String]] = [
            .float32: ["fp32", "f32"], .float64: ["f64"], .bfloat16: ["bf16"], .float16: ["f16"],
        ]
        for clause in words.split(separator: ";") {
            let head = clause.split { " :/".contains($0) }.prefix(clause.contains("/") ? 2 : 1).map(String.init)
            if (names[dtype] ?? []).contains(where: head.contains) {
                return clause.drop { $0 == " " }.drop { $0 != ":" && $0 != " " }.dropFirst().description
            }
        }
        return words
    }

    /// The error of `got` on a scale where 1 is the most that is allowed, and in its own measure: the largest absolute
    /// difference, or the relative L2 distance.
    func measure(_ got: [Double], _ expected: [Double], _ dtype: DType) -> (share: Double, error: Double) {
        var worst = 0.0
        var largest = 0.0
        var difference = 0.0
        var norm = 0.0
        for (a, b) in zip(got, expected) {
            if a == b || (a.isNaN && b.isNaN) {
                norm += b.isFinite ? b * b : 0
                continue
            }
            let distance = abs(a - b)
            guard distance.isFinite else { return (.infinity, .infinity) }
            largest = max(largest, distance)
            difference += distance * distance
            norm += b * b
            let allowed = absolute + relative * abs(b) + ulps * Self.spacing(b, dtype)
            worst = max(worst, allowed > 0 ? distance / allowed : .infinity)
        }
        guard let relativeL2 else { return (worst, largest) }
        let distance = (difference / max(norm, .leastNormalMagnitude)).squareRoot()
        return (distance / relativeL2, distance)
    }

    /// Distance of neighbouring numbers of a type.
    private static func spacing(_ value: Double, _ dtype: DType) -> Double {
        switch dtype {
        case .bfloat16: Double(Float(value).ulp) * 65536
        case .float16: Double(Float(value).ulp) * 8192
        case .float64: value.ulp
        default: Double(Float(value).ulp)
        }
    }

    var description: String {
        if let relativeL2 { return "L2 \(relativeL2)" }
        let parts = [
            absolute > 0 ? "atol \(absolute)" : nil, relative > 0 ? "rtol \(relative)" : nil,
            ulps > 0 ? "1 ulp" : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? "exact" : parts.joined(separator: " ")
    }
}
