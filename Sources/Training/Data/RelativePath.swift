/// A path in a file begins at the file's folder, unless it begins at the root.
func path(_ path: String, writtenIn file: String) -> String {
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
}
