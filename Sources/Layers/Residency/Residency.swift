/// Where blocks of a model live while it is not their turn, and how they come to where they are computed with: from the disk
/// to memory; one day from memory to a device.
package protocol Residency: AnyObject {
    /// How many blocks there are.
    var count: Int { get }
    /// The bytes of a block, which stay until the last user lets go of them. What is likely to be asked for next may be on its
    /// way afterwards; nothing is when `next` is `nil`.
    func bytes(of block: Int, next: Int?) throws -> BlockBytes
    /// Nobody will ask for what may be on its way.
    func forget()
}
