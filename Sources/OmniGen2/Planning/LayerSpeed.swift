/// How long equal layers take on this machine, from two measurements: a part for each call, and a part for each token.
package struct LayerSpeed: Codable, Sendable, Equatable {
    /// Seconds of a call.
    package let call: Double
    /// Seconds of a token, or pixel, in it.
    package let token: Double

    /// - Parameters:
    ///   - few: a number of tokens and the seconds they took; so `many`.
    package init(few: (count: Int, seconds: Double), many: (count: Int, seconds: Double)) {
        let slope = (many.seconds - few.seconds) / Double(max(many.count - few.count, 1))
        // A few tokens may take no less than many do, where all is overhead or the clock was disturbed.
        token = min(max(slope, 0), many.seconds / Double(max(many.count, 1)))
        call = max(many.seconds - token * Double(many.count), 0)
    }

    package func seconds(_ count: Int) -> Double { call + token * Double(count) }
}
