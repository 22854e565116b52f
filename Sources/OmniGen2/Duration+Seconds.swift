extension Duration {
    /// With fractions.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
