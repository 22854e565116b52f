/// What is wrong with a safetensors file or folder: which file, which tensor (where it is about one), and why.
package struct SafetensorsError: Error, Equatable, CustomStringConvertible {
    package let file: String
    package let tensor: String?
    package let reason: String

    package init(file: String, tensor: String? = nil, reason: String) {
        self.file = file
        self.tensor = tensor
        self.reason = reason
    }

    package var description: String {
        guard let tensor else { return "\(quoted(file)): \(reason)" }
        return "\(quoted(file)): tensor \(quoted(tensor)): \(reason)"
    }
}

/// `text` in quotes on one line of bounded length: names come from files and can hold anything.
func quoted(_ text: String) -> String {
    var line = "\""
    for scalar in text.unicodeScalars.prefix(200) { line += scalar.escaped(asASCII: false) }
    return line + (text.unicodeScalars.count > 200 ? "...\"" : "\"")
}
