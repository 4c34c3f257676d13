namespace Entrepot.Tests.Mirror.Replication;

/// <summary>A temporary folder, in memory where the platform has one: these tests make thousands of files, and what a disk loses in a power cut
/// is modelled, not waited for.</summary>
internal static class TestFolder
{
    private const string Memory = "/dev/shm";

    public static string Make(string prefix)
    {
        if (!Directory.Exists(Memory))
            return Directory.CreateTempSubdirectory(prefix).FullName;
        var folder = Path.Combine(Memory, prefix + Guid.NewGuid().ToString("N"));
        return Directory.CreateDirectory(folder).FullName;
    }
}
