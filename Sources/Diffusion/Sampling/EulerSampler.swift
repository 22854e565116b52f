import Torch

/// x + (t' - t) v.
///
/// Source: `FlowMatchEulerDiscreteScheduler.step`.
package final class EulerSampler: Sampler {
    package let schedule: TimeSchedule

    package init(_ schedule: TimeSchedule) { self.schedule = schedule }

    package func step(_ index: Int, sample: Tensor, velocity: Tensor) throws -> Tensor {
        let distance = schedule.next(after: index) - schedule.timesteps[index]
        // The product is rounded to the velocity's type before it is added in float32, as in the original.
        return try (sample.to(.float32) + Double(distance) * velocity).to(velocity.dtype)
    }
}
