import ArgumentParser
import OmniGen2

/// Single files in place of parts of the model: shared by every command that loads one.
struct ModelFilesOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Transformer from this safetensors file, such as ComfyUI's.", valueName: "file"))
    var transformer: String?

    @Option(help: ArgumentHelp("Autoencoder from this file, such as ae.safetensors.", valueName: "file"))
    var vae: String?

    @Option(help: ArgumentHelp("Qwen2.5-VL from this file, such as ComfyUI's text encoder.", valueName: "file"))
    var mllm: String?

    @Option(help: ArgumentHelp("Tokenizer from this folder. (default: that of the model)", valueName: "dir"))
    var processor: String?

    /// The files given.
    var files: ModelFiles { applied(to: ModelFiles()) }

    private func applied(to files: ModelFiles) -> ModelFiles {
        var files = files
        files.transformer = transformer ?? files.transformer
        files.vae = vae ?? files.vae
        files.mllm = mllm ?? files.mllm
        files.processor = processor ?? files.processor
        return files
    }

    /// Records the files. With a file for every part and no word of a model, none is named.
    func apply(to record: inout GenerationRecord, model: String?) {
        let files = applied(to: record.files ?? ModelFiles())
        if !files.isEmpty { record.files = files }
        if model == nil, self.files.coverEveryPart { record.model = ModelLocation.none }
    }
}
