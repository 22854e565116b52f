/// What a key of an adapter file says: which module, and which part of its low-rank pair.
///
/// Trainers end a key in `lora_A.weight` and `lora_B.weight` (PEFT, diffusers; with the adapter's name between, as in
/// `lora_A.default.weight`, when a whole model's state was saved), in `lora_down.weight`, `lora_up.weight` and `alpha`
/// (kohya), or in `lora.down.weight` and `lora.up.weight` (older diffusers).
enum AdapterKey: Equatable {
    enum Part: Equatable { case down, up, alpha }

    case part(Part, module: String)
    /// Nothing can be made of it, but the rest may be used.
    case unknown(reason: String)
    /// The rest would be wrong without it.
    case refused(reason: String)

    init(_ key: String) {
        let names = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        self = Self.refusal(names) ?? Self.part(names) ?? .unknown(reason: Self.explanation(names))
    }

    private static func refusal(_ names: [String]) -> AdapterKey? {
        let marks = ["dora_scale", "lora_magnitude_vector", "magnitude_vector"]
        return names.contains(where: marks.contains) ? .refused(reason: "DoRA is not supported") : nil
    }

    private static func part(_ names: [String]) -> AdapterKey? {
        func part(_ part: Part, dropping count: Int) -> AdapterKey? {
            let module = names.dropLast(count)
            return module.isEmpty ? nil : .part(part, module: module.joined(separator: "."))
        }
        if names.last == "alpha" { return part(.alpha, dropping: 1) }
        guard names.last == "weight" else { return nil }
        for count in 2...3 where names.count > count {
            switch names[names.count - count] {
            case "lora_A": return part(.down, dropping: count)
            case "lora_B": return part(.up, dropping: count)
            case "lora_down" where count == 2: return part(.down, dropping: count)
            case "lora_up" where count == 2: return part(.up, dropping: count)
            case "lora" where count == 3 && names[names.count - 2] == "down": return part(.down, dropping: count)
            case "lora" where count == 3 && names[names.count - 2] == "up": return part(.up, dropping: count)
            default: continue
            }
        }
        return nil
    }

    private static func explanation(_ names: [String]) -> String {
        let last = names.last ?? ""
        if names.contains(where: { $0.hasPrefix("lokr_") }) { return "LoKr is not supported" }
        if names.contains(where: { $0.hasPrefix("hada_") }) { return "LoHa is not supported" }
        if last == "bias" || last == "diff_b" { return "a bias, not a low-rank pair" }
        return "not part of a low-rank pair"
    }
}
