import Hummingbird
import OmniGen2

/// Whether the process lives, and whether it takes work.
struct HealthRoutes {
    let runner: JobRunner
    let gate: ModelGate
    let capacity: Int

    func add(to router: Router<ServerContext>) {
        router.get("health") { _, _ in Response.json(["status": "ok"]) }
        router.get("ready") { _, _ in
            let isClosed = await runner.isClosed
            let isOpen = await gate.isOpen
            let status = isClosed ? "draining" : isOpen ? "ready" : "loading"
            let queue = runner.queue
            return Response.json(
                [
                    "status": .string(status), "queued": .int(await queue.waiting),
                    "running": .int(await queue.running),
                    "capacity": .int(capacity),
                ], status: status == "ready" ? .ok : .serviceUnavailable)
        }
    }
}
