import Diffusion
import Torch

extension Stage {
    static let autoencoder = Stage(name: "vae", files: ["vae.safetensors"]) { goldens in
        let file = "vae.safetensors"
        let model = try goldens.autoencoder()
        let rounded = try goldens.autoencoder(.bfloat16)
        for name in goldens.cases(file) {
            func input(_ part: String) throws -> Tensor { try goldens.input(file, "\(name).\(part)") }
            func check(_ part: String, _ tensor: Tensor) throws {
                if goldens.has(file, "\(name).\(part)") { try goldens.check(file, "\(name).\(part)", tensor) }
            }
            let posterior = try model.encode(input("image"))
            try check("mean", posterior.mean)
            try check("logvar", posterior.logVariance)
            let sample = try posterior.sample(input("noise"))
            try check("sample", sample)
            let scaled = try model.scaled(sample)
            try check("sample_scaled", scaled)
            try check("decoded", model.decode(scaled))
            try check("rand_decoded", model.decodeUnscaled(input("rand_latent")))
            try check("rand_decoded_bf16", rounded.decodeUnscaled(input("rand_latent").to(.bfloat16)))
            try check("mean_bf16", rounded.encode(input("image").to(.bfloat16)).mean)
        }
    }
}
