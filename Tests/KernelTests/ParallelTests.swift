import CKernels
import Foundation
import Synchronization
import Testing

/// The pool of threads, and the choice of instructions.
@Suite struct ParallelTests {
    /// How often each task ran.
    private final class Log: Sendable {
        let runs: Mutex<[Int]>

        init(_ tasks: Int) { runs = Mutex(Array(repeating: 0, count: tasks)) }

        var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

        static func count(_ task: Int32, _ pointer: UnsafeMutableRawPointer?) {
            guard let pointer else { return }
            Unmanaged<Log>.fromOpaque(pointer).takeUnretainedValue().runs.withLock { $0[Int(task)] += 1 }
        }
    }

    private static func run(_ tasks: Int) -> Bool {
        let log = Log(tasks)
        kernels_parallel(
            Int32(tasks), { context, task, thread in if (0..<256).contains(thread) { Log.count(task, context) } },
            log.pointer)
        return log.runs.withLock { $0.allSatisfy { $0 == 1 } }
    }

    @Test func everyTaskRunsOnce() {
        for tasks in [0, 1, 2, 3, 100, 5000] { #expect(Self.run(tasks)) }
    }

    @Test func manyShortJobsFollowEachOther() {
        for _ in 0..<5000 where !Self.run(4) { Issue.record("a task ran twice or never") }
    }

    @Test func jobsAfterAPauseFindTheWorkersAwake() {
        for _ in 0..<20 {
            usleep(500)
            #expect(Self.run(64))
        }
    }

    @Test func severalCallersMayComeAtOnce() async {
        let right = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { (0..<200).allSatisfy { _ in Self.run(16) } } }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(right)
    }

    /// Of one task too, which needs no workers itself.
    @Test(arguments: [1, 8]) func aBodyMayCallInItsTurn(_ tasks: Int) {
        let log = Log(8)
        kernels_parallel(
            Int32(tasks),
            { context, _, _ in
                kernels_parallel(
                    8, { context, task, thread in if thread == 0 { Log.count(task, context) } }, context)
            }, log.pointer)
        #expect(log.runs.withLock { $0 } == Array(repeating: tasks, count: 8))
    }

    @Test func thePathIsOneThatTheMachineHas() {
        #expect(InstructionSet.all.contains(.portable))
        onEachPath { #expect(String(cString: kernels_path_name(kernels_path())) == $0) }
        #if !KERNELS_EMULATED
            #expect(!InstructionSet.all.contains(.neon) || !InstructionSet.all.contains(.avx2))
        #endif
    }

    @Test func peaksAreNumbers() {
        for peak in [kernels_peak_float32(), kernels_peak_bf16(), kernels_peak_int8(), kernels_peak_read()] {
            #expect(peak > 1e6 && peak.isFinite)
        }
    }
}
