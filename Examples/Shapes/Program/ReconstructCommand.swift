import ArgumentParser
import Diffusion
import Imaging
import OmniGen2
import ShapesWorld
import Torch

/// `shapes reconstruct`: what the autoencoder alone does to pictures; no model can draw better than that.
struct ReconstructCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconstruct", abstract: "Send pictures through the autoencoder and read what is left of them.")

    @Option(help: ArgumentHelp("Model folder.", valueName: "dir"))
    var model = "Models/shapes"

    @Option(help: "Where the pictures' random numbers start.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Pictures of three objects, of all kinds.", valueName: "n"))
    var count = 200

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count must be 1 to 100000, got \(count)") }
    }

    func run() async throws {
        let folder = try await ModelLocation(model).resolve()
        try await Engine.load()
        let (right, error) = try await withEngine { [seed, count] in
            let autoencoder = try folder.autoencoder(.float32, .cpu)
            var random = SeededRandom(seed: seed)
            var (right, error) = (0, 0.0)
            for _ in 0..<count {
                let picture = Picture.random(objects: Scene.maximumObjects, kinds: Kind.all, &random)
                let image = try picture.rendered()
                let latent = try autoencoder.encode(PixelTensors.tensor(image)).mean
                let result = try PixelTensors.images(autoencoder.decodeUnscaled(latent))[0]
                if try SceneReader.read(result).scene == picture.scene { right += 1 }
                let differences = zip(image.pixels, result.pixels).map { abs(Int($0) - Int($1)) }
                error += Double(differences.reduce(0, +)) / Double(differences.count)
            }
            return (right, error / Double(count))
        }
        print("\(right) of \(count) pictures are read as before; a channel is off by \(error) of 255 on average")
    }
}
