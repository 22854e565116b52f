/// What went wrong, in one line.
package struct ShapesError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
