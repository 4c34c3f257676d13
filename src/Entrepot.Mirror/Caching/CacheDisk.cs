using Entrepot.Core.Kernel;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Caching;

/// <summary>Every change that the cache makes on disk goes through here, so that a test can fill the disk or cut the power at any step.</summary>
internal interface ICacheDisk
{
    SafeFileHandle Open(string path, FileMode mode);

    void SetLength(SafeFileHandle file, string path, long length);

    void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes what was written to the file durable.</summary>
    void Sync(SafeFileHandle file, string path);

    void Rename(string from, string to);

    void Delete(string path);

    /// <summary>Makes names in the folder durable.</summary>
    void SyncFolder(string folder);

    bool TryPunchHole(SafeFileHandle file, string path, long offset, long length);
}

/// <summary>The real disk.</summary>
internal sealed class CacheDisk : ICacheDisk
{
    public SafeFileHandle Open(string path, FileMode mode)
        => Do(() => File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    public void SetLength(SafeFileHandle file, string path, long length) => RandomAccess.SetLength(file, length);

    public void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public void Sync(SafeFileHandle file, string path) => RandomAccess.FlushToDisk(file);

    public void Rename(string from, string to) => Do(() =>
    {
        File.Move(from, to, overwrite: true);
        return true;
    });

    public void Delete(string path) => Do(() =>
    {
        File.Delete(path);
        return true;
    });

    public void SyncFolder(string folder) => PosixFile.SyncFolder(folder);

    public bool TryPunchHole(SafeFileHandle file, string path, long offset, long length) => PosixFile.TryPunchHole(file, offset, length);

    /// <summary>What the system refuses is a failure of the disk like any other.</summary>
    private static T Do<T>(Func<T> change)
    {
        try
        {
            return change();
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }
}
