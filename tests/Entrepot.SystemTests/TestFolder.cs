using System.Security.Cryptography;

namespace Entrepot.SystemTests;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("entrepot-system-").FullName;

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>Writes a file of random bytes, with a seed so that a failure can be repeated, and returns its SHA-256.</summary>
    public static string WriteRandom(string file, long size, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var random = new Random(seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = File.Create(file);
        var block = new byte[1 << 20];
        for (var left = size; left > 0; left -= block.Length)
        {
            var part = block.AsSpan(0, (int)Math.Min(left, block.Length));
            random.NextBytes(part);
            hash.AppendData(part);
            stream.Write(part);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    public static string HashOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
