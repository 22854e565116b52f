/// The times a sampler visits, from 0 (noise) up to, but without, 1 (image).
///
/// Source: `set_timesteps` of `omnigen2/schedulers/scheduling_flow_match_euler_discrete.py`.
package struct TimeSchedule: Sendable {
    /// Ascending, in float32 as the original has them.
    package let timesteps: [Float]

    /// - Parameters:
    ///   - latentPixels: height * width of the latent (not patches), which moves time towards noise for large
    ///     images: t / (m - m t + t) with m = sqrt(latentPixels) / 40. `nil` leaves time even.
    package init(steps: Int, latentPixels: Int?) {
        // numpy: the shift is a float64 scalar on a float32 array, rounded to float32 before use.
        timesteps = (0..<max(steps, 0)).map { step in
            let t = Float(Double(step) * (1 / Double(steps)))
            guard let latentPixels else { return t }
            let m = Double(latentPixels).squareRoot() / 40
            return Float(Double(t) / (m - m * Double(t) + Double(t)))
        }
    }

    /// The time after step `index`; 1 after the last.
    package func next(after index: Int) -> Float {
        index + 1 < timesteps.count ? timesteps[index + 1] : 1
    }
}
