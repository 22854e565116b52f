import Torch

/// Which solver takes the steps.
package enum SamplerKind: String, CaseIterable, Sendable {
    case euler
    case dpmSolver = "dpmsolver++"

    package func makeSampler(_ schedule: TimeSchedule) -> any Sampler {
        switch self {
        case .euler: EulerSampler(schedule)
        case .dpmSolver: DPMSolverSampler(schedule)
        }
    }
}

/// Integrates the velocity from noise to image, one step a call.
package protocol Sampler: AnyObject {
    var schedule: TimeSchedule { get }
    /// Moves `sample` from timestep `index` to the next along `velocity`; all [B, C, H, W], result in the type of
    /// `velocity`.
    func step(_ index: Int, sample: Tensor, velocity: Tensor) throws -> Tensor
}
