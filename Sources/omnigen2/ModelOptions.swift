import ArgumentParser
import OmniGen2

/// Which model, and in which numbers: shared by every command that runs one.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Model folder in the published layout, or a Hugging Face repository such as OmniGen2/OmniGen2. "
                + "(default: Models/shapes, the small model that comes with the program)",
            valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("Number type: fp32, fp16 or bf16. (default: bf16)", valueName: "type"))
    var dtype: String?

    @Option(
        help: ArgumentHelp(
            "Round the weights of large layers while they are loaded: int8 or int4. On the CPU, in bf16.",
            valueName: "type"))
    var quantize: String?

    @OptionGroup
    var files: ModelFilesOptions

    /// What to load: the model named, the files in place of its parts, or the standing model.
    var location: ModelLocation {
        ModelLocation(model ?? (files.files.coverEveryPart ? ModelLocation.none : ModelLocation.standing))
    }

    /// Says which model it is where nobody has named one.
    func announce(_ display: ProgressDisplay) {
        guard model == nil, !files.files.coverEveryPart, ModelLocation.standing == ModelLocation.included else {
            return
        }
        display.message(
            "this is \(ModelLocation.included), a small model of simple scenes; the published one: --model "
                + ModelLocation.published)
    }

    func validate() throws {
        try dtype.require(among: OmniGen2.Precision.allCases.map(\.rawValue), "--dtype")
        try quantize.require(among: OmniGen2.Quantization.allCases.map(\.rawValue), "--quantize")
    }

    var precision: OmniGen2.Precision? { dtype.flatMap(OmniGen2.Precision.init) }

    var quantization: OmniGen2.Quantization? { quantize.flatMap(OmniGen2.Quantization.init) }
}

extension String? {
    /// - Throws: `ValidationError` when there is a value, and it is none of those allowed.
    func require(among allowed: [String], _ option: String) throws {
        guard let value = self, !allowed.contains(value) else { return }
        throw ValidationError("\(option) must be one of \(allowed.joined(separator: ", ")), got '\(value)'")
    }
}
