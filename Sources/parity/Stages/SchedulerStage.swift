import Diffusion
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Stage {
    /// Timesteps, single steps, and trajectories on a velocity field given as a formula.
    static let schedulers = Stage(name: "schedulers", files: ["schedulers.safetensors"]) { goldens in
        let file = "schedulers.safetensors"
        for name in goldens.names(file) {
            let parts = name.split(separator: ".").map(String.init)
            guard parts.count >= 3, parts[0] == "euler_step" || parts.count >= 4, parts[0] != "toy" || parts.count == 5
            else { throw ParityError("\(name): an unknown kind of record") }
            switch parts[0] {
            case "euler", "dpm": try checkTimes(goldens, file, name, parts)
            case "euler_step": if parts[2] == "prev" { try checkStep(goldens, file, name, parts) }
            case "toy": try checkTrajectory(goldens, file, name, parts)
            default: break
            }
        }
    }

    /// euler|dpm . steps . latent pixels or None . timesteps | _timesteps | sigmas
    private static func checkTimes(_ goldens: Goldens, _ file: String, _ name: String, _ parts: [String]) throws {
        let schedule = TimeSchedule(steps: Int(parts[1]) ?? 0, latentPixels: Int(parts[2]))
        let values: [Float] =
            switch parts[3] {
            case "_timesteps": schedule.timesteps + [1]
            case "sigmas": DPMSolverSampler(schedule).sigmas
            default: schedule.timesteps
            }
        try goldens.check(file, name, Tensor(values, [values.count]))
    }

    /// The description says which step: "step 3 of (10 steps, 96 tokens): ...".
    private static func checkStep(_ goldens: Goldens, _ file: String, _ name: String, _ parts: [String]) throws {
        let numbers = goldens.how(file, name).split { !$0.isNumber }.prefix(3).compactMap { Int($0) }
        guard numbers.count == 3 else { throw ParityError("\(name): the description names no step") }
        let sampler = EulerSampler(TimeSchedule(steps: numbers[1], latentPixels: numbers[2]))
        let prefix = "\(parts[0]).\(parts[1])."
        let next = try sampler.step(
            numbers[0], sample: goldens.input(file, prefix + "sample"),
            velocity: goldens.input(file, prefix + "model_output"))
        try goldens.check(file, name, next)
    }

    /// toy . sampler and variant . steps . latent pixels . type
    private static func checkTrajectory(
        _ goldens: Goldens, _ file: String, _ name: String, _ parts: [String]
    ) throws {
        let schedule = TimeSchedule(steps: Int(parts[2]) ?? 0, latentPixels: Int(parts[3]))
        let sampler: any Sampler =
            parts[1] == "euler" ? EulerSampler(schedule) : DPMSolverSampler(schedule, options: options(parts[1]))
        var x = try goldens.input(file, "euler_step.\(parts[4]).sample")
        var trajectory = [x]
        for (index, t) in schedule.timesteps.enumerated() {
            x = try sampler.step(index, sample: x, velocity: velocity(x, t)).to(x.dtype)
            trajectory.append(x)
        }
        try goldens.check(file, name, Tensor.stacked(trajectory))
    }

    /// v(x, t) = tanh(x) (1 - t) - 0.3 x + sin(3 t), in float32, then in x's type.
    private static func velocity(_ x: Tensor, _ t: Float) throws -> Tensor {
        let wide = try x.to(.float32)
        return try (wide.tanh() * Double(1 - t) - wide * 0.3 + Double(sin(3 * t))).to(x.dtype)
    }

    private static func options(_ variant: String) -> DPMSolverSampler.Options {
        var options = DPMSolverSampler.Options()
        if variant.contains("heun") { options.type = .heun }
        if variant.contains("order_3") { options.order = 3 }
        if variant.contains("order_1") { options.order = 1 }
        if variant.contains("lower_order_final_False") { options.lowersOrderAtEnd = false }
        return options
    }
}
