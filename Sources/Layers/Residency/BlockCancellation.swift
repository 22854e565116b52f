/// Whether a cancelled task ends before its next block, as it does unless said otherwise. A step of training is finished first:
/// what it has drawn of its samples and generators cannot be drawn again.
package enum BlockCancellation {
    @TaskLocal package static var isPutOff = false

    static func check() throws {
        if !isPutOff { try Task.checkCancellation() }
    }
}
