/// Where the tensors of blocks lie on the disk and in the buffer of a block.
package struct BlockPlan {
    struct Place {
        let entry: SafetensorsEntry
        let offset: Int
        let file: String
    }

    var extents: [[DiskResidency.Extent]] = []
    var places: [[String: Place]] = []
}
