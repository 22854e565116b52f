import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs the programs that were built beside the tests, as a user would.
enum Program {
    struct Outcome {
        let status: Int32
        let output: String
        let error: String
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let checkpoint = root.appendingPathComponent("Tests/Fixtures/goldens/omnigen2-tiny").path

    private static let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// - Parameters:
    ///   - input: what stands on standard input.
    ///   - environment: variables beside those of the tests.
    static func run(
        _ arguments: [String], program: String = "omnigen2", input: String = "", environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = process(arguments, program)
        process.environment?.merge(environment) { $1 }
        let (output, error, given) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = given
        try process.run()
        try given.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try given.fileHandleForWriting.close()
        let written = output.fileHandleForReading.readDataToEndOfFile()
        let complaints = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
            error: String(decoding: complaints, as: UTF8.self))
    }

    private static func process(_ arguments: [String], _ program: String) -> Process {
        let process = Process()
        process.executableURL = folder.appendingPathComponent(program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([
            "COLUMNS": "80", "OMP_WAIT_POLICY": "passive",
        ]) { $1 }
        return process
    }

    /// Starts the program and ends it without a warning, as a power cut would.
    static func runAndKill(_ arguments: [String], after seconds: Double, program: String = "omnigen2") throws {
        let process = process(arguments, program)
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        Thread.sleep(forTimeInterval: seconds)
        _ = kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// A folder that is gone afterwards.
    static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("omnigen2-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }
}
