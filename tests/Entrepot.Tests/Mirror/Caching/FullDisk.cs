using Entrepot.Mirror.Caching;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Tests.Mirror.Caching;

/// <summary>A disk that is full, fails to sync or opens no files, when told.</summary>
internal sealed class FullDisk : ICacheDisk
{
    private readonly CacheDisk _disk = new();
    private int _writes;

    /// <summary>Writes that still succeed; negative for no limit.</summary>
    public int Room { get; set; } = -1;

    public bool SyncFails { get; set; }

    /// <summary>Called before a file is opened: throws, waits or does nothing.</summary>
    public Action<string>? Opening { get; set; }

    /// <summary>As an open file too many.</summary>
    public static void OutOfFiles(string path) => throw new IOException($"Too many open files : '{path}'", 24);

    public SafeFileHandle Open(string path, FileMode mode)
    {
        Opening?.Invoke(path);
        return _disk.Open(path, mode);
    }

    public void SetLength(SafeFileHandle file, string path, long length) => _disk.SetLength(file, path, length);

    public void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        if (Room >= 0 && Interlocked.Increment(ref _writes) > Room)
            throw new IOException("No space left on device : '" + path + "'", 28);
        _disk.Write(file, path, bytes, offset);
    }

    public void Sync(SafeFileHandle file, string path)
    {
        if (SyncFails)
            throw new IOException("Input/output error", 5);
        _disk.Sync(file, path);
    }

    public void Rename(string from, string to) => _disk.Rename(from, to);

    public void Delete(string path) => _disk.Delete(path);

    public void SyncFolder(string folder) => _disk.SyncFolder(folder);

    public bool TryPunchHole(SafeFileHandle file, string path, long offset, long length) => _disk.TryPunchHole(file, path, offset, length);
}
