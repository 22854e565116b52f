/// The release this code belongs to.
public let omniGen2Version = "0.1.0"
