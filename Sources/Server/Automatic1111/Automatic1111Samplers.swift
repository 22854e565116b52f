import OmniGen2

/// Names of solvers in AUTOMATIC1111's interface.
enum Automatic1111Samplers {
    private static let names: [(scheduler: GenerationRequest.Scheduler, name: String, aliases: [String])] = [
        (.euler, "Euler", ["euler", "k_euler"]),
        (.dpmSolver, "DPM++ 2M", ["dpmsolver++", "dpm++_2m", "k_dpmpp_2m", "dpmpp_2m"]),
    ]

    static func name(of scheduler: GenerationRequest.Scheduler) -> String {
        names.first { $0.scheduler == scheduler }?.name ?? scheduler.rawValue
    }

    /// - Returns: `nil` where there is no such sampler here.
    static func scheduler(_ name: String) -> GenerationRequest.Scheduler? {
        let lower = name.lowercased()
        return names.first { $0.name.lowercased() == lower || $0.aliases.contains(lower) }?.scheduler
    }

    static var list: JSONValue {
        .array(
            names.map { entry in
                [
                    "name": .string(entry.name), "aliases": .array(entry.aliases.map { .string($0) }),
                    "options": [:],
                ]
            })
    }
}
