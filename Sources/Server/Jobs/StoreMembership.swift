import OmniGen2

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A server's part in a store that several processes of one machine may share: a file it holds locked while it lives, by which
/// the others see that it does.
final class StoreMembership: Sendable {
    /// The name under which its jobs stand in the store.
    let name = Job.newID()
    private let folder: String
    private let descriptor: Int32

    /// - Throws: `GenerationError.output` when the folder cannot be written.
    init(folder: String) throws {
        self.folder = folder + "/servers"
        do {
            // Prompts and pictures are their owner's.
            try FileManager.default.createDirectory(
                atPath: self.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw GenerationError.output("\(folder): cannot be made a folder")
        }
        let path = "\(self.folder)/\(name)"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw GenerationError.output("\(path): cannot be written and locked: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        unlink("\(folder)/\(name)")
        close(descriptor)
    }

    /// Takes over what a member has left that is no longer alive.
    ///
    /// - Parameter take: runs while nobody else can do the same; not at all while the member lives.
    func inherit(from member: String, _ take: () throws -> Void) throws {
        // A name comes from the store, and is used as a file's: nothing but our own form is.
        guard member != name, Job.isID(member) else { return }
        let path = "\(folder)/\(member)"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return }
        try take()
        unlink(path)
    }
}
