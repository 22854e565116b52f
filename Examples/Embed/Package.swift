// swift-tools-version: 6.1
import PackageDescription

// Sees what a user of the library sees: its product, and public symbols only.
let package = Package(
    name: "embed",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "omnigen2", path: "../..")],
    targets: [
        .executableTarget(
            name: "embed", dependencies: [.product(name: "OmniGen2", package: "omnigen2")], path: ".",
            sources: ["main.swift"])
    ]
)
