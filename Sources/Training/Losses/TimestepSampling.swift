import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How times of training samples are drawn: 0 is noise, 1 the image.
///
/// Source: `Transport.sample` of `omnigen2/transport/transport.py`.
package struct TimestepSampling: Sendable {
    package enum Distribution: String, Sendable, CaseIterable {
        /// The logistic function of normal numbers.
        case logNormal = "lognorm"
        /// One number from each of as many equal parts of 0..<1 as the batch has samples.
        case stratifiedUniform = "stratified_uniform"
        case uniform
    }

    /// Which way times move towards the noise, the more so the larger the picture.
    package enum ShiftVersion: String, Sendable, CaseIterable {
        /// By exp(mu), where mu is linear in the number of tokens.
        case exponential = "v1"
        /// By the square root of the number of tokens.
        case squareRoot = "v2"
    }

    package struct Shift: Sendable {
        package let version: ShiftVersion
        /// The number of tokens that counts for every sample; `nil` stands for each sample's own.
        package let tokens: Int?

        package init(_ version: ShiftVersion, tokens: Int? = nil) {
            self.version = version
            self.tokens = tokens
        }
    }

    package let distribution: Distribution
    package let shift: Shift?

    package init(_ distribution: Distribution = .logNormal, shift: Shift? = Shift(.exponential)) {
        self.distribution = distribution
        self.shift = shift
    }

    /// The random numbers behind the times of `count` samples.
    package func draw(_ count: Int, _ generator: Generator) -> [Float] {
        distribution == .logNormal ? generator.randn(count) : generator.rand(count)
    }

    /// - Parameters:
    ///   - draws: as `draw` gives them.
    ///   - tokens: patches of each sample's latent.
    package func times(_ draws: [Float], tokens: [Int]) -> [Float] {
        zip(draws, tokens).enumerated().map { index, pair in
            let (draw, own) = pair
            let time: Float
            switch distribution {
            case .logNormal: time = 1 / (1 + exp(-draw))
            case .stratifiedUniform: time = (Float(index) + draw) / Float(draws.count)
            case .uniform: time = draw
            }
            return shift.map { Self.shifted(time, $0.version, Float($0.tokens ?? own)) } ?? time
        }
    }

    private static func shifted(_ time: Float, _ version: ShiftVersion, _ tokens: Float) -> Float {
        switch version {
        case .exponential:
            let slope: Float = (1.15 - 0.5) / (4096 - 256)
            let factor = exp(slope * (tokens - 256) + 0.5)
            return 1 - factor / (factor + (1 / (1 - time) - 1))
        case .squareRoot:
            let m = tokens.squareRoot() / 20
            return time / (m - m * time + time)
        }
    }
}
