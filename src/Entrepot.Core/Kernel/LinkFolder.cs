using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Core.Kernel;

/// <summary>Reads a folder of symbolic links, such as <c>/proc/PID/fd</c>, without an allocation for each link. Linux only: elsewhere
/// nothing can be opened. One folder after the other; not for several threads.</summary>
public sealed class LinkFolder : IDisposable
{
    private const int FolderCloseOnExec = 0x80000;  // O_RDONLY | O_CLOEXEC
    private const int NameOffset = 19;  // struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name
    private const int LengthOffset = 16;

    private readonly byte[] _entries = new byte[32 << 10];
    private readonly byte[] _target = new byte[256];
    private SafeFileHandle? _folder;
    private int _filled;
    private int _at;
    private int _name;

    /// <summary>Name of the current entry.</summary>
    public ReadOnlySpan<byte> Name
    {
        get
        {
            var name = _entries.AsSpan(_name);
            return name[..name.IndexOf((byte)0)];
        }
    }

    /// <summary>Opens a folder; the one before is closed.</summary>
    /// <returns>False when it is gone, or not for this user.</returns>
    public bool TryOpen(string folder)
    {
        Close();
        if (!OperatingSystem.IsLinux())
            return false;
        var descriptor = Open(Encoding.UTF8.GetBytes(folder + '\0'), FolderCloseOnExec);
        if (descriptor < 0)
            return false;
        _folder = new SafeFileHandle(descriptor, ownsHandle: true);
        return true;
    }

    /// <summary>Goes to the next entry.</summary>
    /// <returns>False at the end, or when the folder went away.</returns>
    public bool MoveNext()
    {
        if (_folder is null)
            return false;
        if (_at >= _filled)
        {
            (_at, _filled) = (0, (int)GetEntries(_folder, _entries, _entries.Length));
            if (_filled <= NameOffset)
                return false;
        }

        _name = _at + NameOffset;
        var length = BitConverter.ToUInt16(_entries, _at + LengthOffset);
        _at = length > NameOffset ? _at + length : _filled;
        return true;
    }

    /// <summary>What the current entry points to, cut off after 256 bytes.</summary>
    /// <returns>Empty when it is no link, or not for this user.</returns>
    public ReadOnlySpan<byte> Target()
    {
        var length = (int)ReadLink(_folder!, in _entries[_name], _target, _target.Length);
        return length <= 0 ? [] : _target.AsSpan(0, length);
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void Close()
    {
        _folder?.Dispose();
        (_folder, _filled, _at) = (null, 0, 0);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint GetEntries(SafeFileHandle folder, byte[] buffer, nint size);

    [DllImport("libc", EntryPoint = "readlinkat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ReadLink(SafeFileHandle folder, in byte name, byte[] target, nint size);
}
