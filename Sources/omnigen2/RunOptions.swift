import ArgumentParser
import OmniGen2

/// Where and how a model is run, and in how much memory.
struct RunOptions: ParsableArguments {
    @OptionGroup
    var engine: EngineOptions

    @Option(
        help: ArgumentHelp(
            "Stay below this much memory, such as 3GB or 4GiB: a model that takes more is read block by block while it "
                + "runs. (default: what the machine has left)",
            valueName: "size"))
    var maxMemory: ByteCount?

    func configuration(
        _ precision: OmniGen2.Precision, _ quantization: OmniGen2.Quantization?
    ) -> OmniGen2.Configuration {
        var configuration = OmniGen2.Configuration()
        configuration.precision = precision
        configuration.quantization = quantization
        configuration.maximumMemory = maxMemory?.bytes
        configuration.device = engine.device
        configuration.threads = engine.threads
        configuration.libtorch = engine.libtorch
        return configuration
    }
}
