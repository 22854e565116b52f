import Diffusion
import Layers
import Torch

/// Pictures to latents and back.
enum AutoencoderCases {
    typealias Model = (models: OfficialModels, autoencoder: Autoencoder)

    private static let sides = [256, 512, 1024]

    static var all: [BenchmarkCase<Model>] { sides.map(encoding) + sides.map(decoding) }

    static func load(_ numbers: ModelNumbers) throws -> Model {
        let models = try OfficialModels(numbers)
        return (models, try models.autoencoder())
    }

    private static func encoding(_ side: Int) -> BenchmarkCase<Model> {
        let name = "vae-encode-\(side)"
        return BenchmarkCase(name, "\(side)x\(side)") { model in
            let configuration = model.autoencoder.configuration
            let picture = try model.models.input("picture", [1, configuration.inChannels, side, side])
            let operations = AutoencoderOperations(configuration).encoding(pixels: side * side)
            return Measurement(work: .operations(operations, model.models.peak)) {
                try model.autoencoder.encode(picture).mean.requireNumbers(name)
            }
        }
    }

    private static func decoding(_ side: Int) -> BenchmarkCase<Model> {
        let name = "vae-decode-\(side)"
        return BenchmarkCase(name, "\(side)x\(side)") { model in
            let configuration = model.autoencoder.configuration
            let latentSide = side / configuration.scaleFactor
            let latents = try model.models.input("latents", [1, configuration.latentChannels, latentSide, latentSide])
            let operations = AutoencoderOperations(configuration).decoding(pixels: side * side)
            return Measurement(work: .operations(operations, model.models.peak)) {
                try model.autoencoder.decode(latents).requireNumbers(name)
            }
        }
    }
}
