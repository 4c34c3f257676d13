using Entrepot.Mirror.Caching;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Tests.Mirror.Caching;

/// <summary>A disk whose power fails at a chosen step. What was not synced by then is kept, lost or torn by chance: written sectors one by one,
/// created, renamed and deleted names one by one.</summary>
internal sealed class TornDisk(int powerFailsAt, Random random) : ICacheDisk
{
    private const int Sector = 512;

    private readonly CacheDisk _disk = new();
    private readonly Lock _lock = new();
    private readonly List<(string Path, long Offset, byte[] Before)> _writes = [];
    private readonly List<(string Folder, Action Undo)> _names = [];
    private int _steps;

    /// <summary>Steps taken.</summary>
    public int Steps => _steps;

    public bool HasFailed => _steps >= powerFailsAt;

    public SafeFileHandle Open(string path, FileMode mode)
    {
        Step();
        lock (_lock)
        {
            if (mode != FileMode.Open && !File.Exists(path))
                _names.Add((Path.GetDirectoryName(path)!, () => File.Delete(path)));
            return _disk.Open(path, mode);
        }
    }

    public void SetLength(SafeFileHandle file, string path, long length)
    {
        Step();
        _disk.SetLength(file, path, length);
    }

    public void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (_lock)
        {
            // Whole sectors, as a disk writes them.
            var from = offset / Sector * Sector;
            var before = new byte[((offset + bytes.Length - from + Sector - 1) / Sector) * Sector];
            RandomAccess.Read(file, before, from);
            _writes.Add((path, from, before));
        }

        // Power may fail in the middle of a write as well.
        if (HasFailed || Interlocked.Increment(ref _steps) >= powerFailsAt)
        {
            _disk.Write(file, path, bytes[..random.Next(bytes.Length)], offset);
            throw new IOException("The power failed.");
        }

        _disk.Write(file, path, bytes, offset);
    }

    public void Sync(SafeFileHandle file, string path)
    {
        Step();
        _disk.Sync(file, path);
        lock (_lock)
            _writes.RemoveAll(write => write.Path == path);
    }

    public void Rename(string from, string to)
    {
        Step();
        lock (_lock)
        {
            _disk.Rename(from, to);
            for (var i = 0; i < _writes.Count; i++)
            {
                if (_writes[i].Path == from)
                    _writes[i] = _writes[i] with { Path = to };
            }

            _names.Add((Path.GetDirectoryName(to)!, () =>
            {
                if (File.Exists(to))
                    File.Move(to, from);
            }));
        }
    }

    public void Delete(string path)
    {
        Step();
        lock (_lock)
        {
            if (!File.Exists(path))
                return;
            var grave = path + ".deleted" + _steps;
            File.Move(path, grave);
            _names.Add((Path.GetDirectoryName(path)!, () => File.Copy(grave, path, overwrite: true)));
        }
    }

    public void SyncFolder(string folder)
    {
        Step();
        lock (_lock)
            _names.RemoveAll(name => name.Folder == folder);
    }

    public bool TryPunchHole(SafeFileHandle file, string path, long offset, long length)
        => !HasFailed && Interlocked.Increment(ref _steps) < powerFailsAt && _disk.TryPunchHole(file, path, offset, length);

    /// <summary>Leaves the disk as it is found when the power comes back.</summary>
    public void LoseWhatWasNotSynced()
    {
        lock (_lock)
        {
            foreach (var (path, offset, before) in Enumerable.Reverse(_writes))
                Tear(path, offset, before);
            // Names come back in any combination, as a folder's blocks are written in no order.
            foreach (var (_, undo) in Enumerable.Reverse(_names))
            {
                if (random.Next(2) == 0)
                    undo();
            }
        }
    }

    /// <summary>Removes what this model kept aside.</summary>
    public static void Bury(string folder)
    {
        foreach (var grave in Directory.EnumerateFiles(folder, "*.deleted*", SearchOption.AllDirectories))
            File.Delete(grave);
    }

    private void Tear(string path, long offset, byte[] before)
    {
        if (!File.Exists(path))
            return;
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var end = RandomAccess.GetLength(file);
        var unit = before.Length > 16 * Sector ? 64 * Sector : Sector;
        for (var at = 0; at < before.Length && offset + at < end; at += unit)
        {
            var sector = before.AsSpan(at, (int)Math.Min(Math.Min(unit, before.Length - at), end - offset - at));
            switch (random.Next(3))
            {
                case 0:
                    break;  // reached the disk
                case 1:
                    RandomAccess.Write(file, sector, offset + at);
                    break;
                default:
                    random.NextBytes(sector);
                    RandomAccess.Write(file, sector, offset + at);
                    break;
            }
        }
    }

    private void Step()
    {
        if (HasFailed || Interlocked.Increment(ref _steps) >= powerFailsAt)
            throw new IOException("The power failed.");
    }
}
