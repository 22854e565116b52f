import Torch

/// The random numbers of a run, a stream for each purpose, all of them our own: their states are part of a checkpoint.
package struct Generators {
    /// Noise and timesteps of a loss.
    package let noise: Generator
    /// Draws from the autoencoder's posterior.
    package let posterior: Generator
    /// Masks of dropout layers.
    package let dropout: Generator
    /// What samples are made of: dropped prompts and references.
    package let data: Generator

    package init(seed: UInt64) {
        let streams = Generator(seed: seed)
        func stream() -> Generator { Generator(seed: UInt64(streams.next())) }
        (noise, posterior, dropout, data) = (stream(), stream(), stream(), stream())
    }

    package struct State: Codable, Equatable, Sendable {
        let noise, posterior, dropout, data: Generator.State
    }

    package var state: State {
        State(noise: noise.state, posterior: posterior.state, dropout: dropout.state, data: data.state)
    }

    package func restore(_ state: State) {
        noise.state = state.noise
        posterior.state = state.posterior
        dropout.state = state.dropout
        data.state = state.data
    }
}
