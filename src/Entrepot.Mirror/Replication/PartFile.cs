using System.Buffers.Binary;
using System.IO.Hashing;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Replication;

/// <summary>What a pull has of a file so far, at its <see cref="PartPlace"/>: the bytes, sparse, and in <c>.state</c> which blob they belong to
/// and which pieces were proven. The state is only a hint where to look: a later run proves each piece again before it trusts it, so
/// neither file is synced until the end.</summary>
internal sealed class PartFile : IDisposable
{
    private const int StateHeader = 8 + Sha256Digest.Length + 4 + 4;

    private readonly string _destination;
    private readonly Fingerprint _blob;
    private readonly SafeFileHandle _file;

    private PartFile(string destination, Fingerprint blob, SafeFileHandle file) => (_destination, _blob, _file) = (destination, blob, file);

    private static ReadOnlySpan<byte> Magic => "ENTPULL1"u8;

    private string Part => PartPlace.Of(_destination);

    private string State => Part + PartPlace.StateSuffix;

    /// <summary>Opens or makes the part file, and says which pieces an earlier run claims to have left.</summary>
    /// <exception cref="FaultException"><see cref="ReplicationFault.Busy"/>, <see cref="ReplicationFault.Destination"/> or
    /// <see cref="ReplicationFault.DiskFull"/>.</exception>
    public static PartFile Open(string destination, Fingerprint blob, out PieceBits claimed)
    {
        var full = PullDestination.Resolve(destination);
        var place = PartPlace.Of(full);
        SafeFileHandle? file = null;
        try
        {
            PartPlace.RefuseStrangers(place, () => IsState(place + PartPlace.StateSuffix));
            file = PartPlace.InFolder(place, () => File.OpenHandle(place, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            var part = new PartFile(full, blob, file);
            claimed = part.ReadState() ?? new PieceBits(blob.Pieces.Length);
            if (claimed.IsEmpty)
            {
                RandomAccess.SetLength(file, 0);
                // Before any byte: what has no state was made by somebody else.
                part.WriteState(claimed);
            }

            try
            {
                part.CheckRoom(claimed);
                RandomAccess.SetLength(file, blob.Size);
            }
            catch when (claimed.IsEmpty)
            {
                part.Discard();
                throw;
            }

            return part;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw Translate(error, destination);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>The fault for a failed write or read of the destination.</summary>
    public static FaultException Translate(Exception error, string destination)
    {
        const int WouldBlock = 11;  // EAGAIN: another process has the lock
        const int ReadOnly = 30;  // EROFS
        const int SharingViolation = unchecked((int)0x80070020);
        return error switch
        {
            IOException io when DiskFaults.IsDiskFull(io) => Fault.Of(
                ReplicationFault.DiskFull, FaultKind.Exhausted, $"The disk that '{destination}' is on is full.",
                "Free some space and pull again; what was fetched is kept.").ToException(error),
            IOException { HResult: WouldBlock or SharingViolation } => Fault.Of(
                ReplicationFault.Busy, FaultKind.Conflict, $"Another pull is writing to '{destination}'.", "Wait for it, or name another file.").ToException(error),
            UnauthorizedAccessException or IOException { HResult: ReadOnly } => Fault.Of(
                ReplicationFault.Destination, FaultKind.Forbidden, $"'{destination}' can't be written: {error.Message.TrimEnd('.')}.",
                "Check that you may write to its folder, or choose another place.").ToException(error),
            _ => Fault.Of(
                ReplicationFault.Destination, FaultKind.Invalid, $"'{destination}' can't be written: {error.Message.TrimEnd('.')}.",
                "Check that the folder exists and that you may write to it.").ToException(error),
        };
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_file, bytes, offset);

    /// <summary>Reads a range whole.</summary>
    /// <exception cref="IOException">The file ended before.</exception>
    public void Read(Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            var read = RandomAccess.Read(_file, bytes, offset);
            if (read == 0)
                throw new IOException($"'{Part}' ended at {offset}.");
            bytes = bytes[read..];
            offset += read;
        }
    }

    /// <summary>Where a worker may put a piece that another transfer is writing in its place: beyond the end of the blob.</summary>
    public long ScratchOffset(int worker) => _blob.OffsetOf(_blob.Pieces.Length) + ((long)worker * _blob.PieceSize);

    /// <summary>Moves a proven piece from scratch to its place.</summary>
    public void CopyFromScratch(int worker, int piece, byte[] block)
    {
        var length = _blob.LengthOf(piece);
        for (var done = 0; done < length;)
        {
            var count = Math.Min(block.Length, length - done);
            Read(block.AsSpan(0, count), ScratchOffset(worker) + done);
            Write(block.AsSpan(0, count), _blob.OffsetOf(piece) + done);
            done += count;
        }
    }

    /// <summary>Notes which pieces are proven.</summary>
    public void WriteState(PieceBits held)
    {
        var state = new byte[StateHeader + held.StoredLength];
        Magic.CopyTo(state);
        _blob.Digest.CopyTo(state.AsSpan(8));
        BinaryPrimitives.WriteInt32BigEndian(state.AsSpan(8 + Sha256Digest.Length), held.Count);
        held.Store(state.AsSpan(StateHeader));
        BinaryPrimitives.WriteUInt32BigEndian(state.AsSpan(StateHeader - 4), Crc32.HashToUInt32(state.AsSpan(StateHeader)));
        var temporary = State + DurableFile.TemporarySuffix;
        File.WriteAllBytes(temporary, state);
        File.Move(temporary, State, overwrite: true);
    }

    /// <summary>Everything is proven: makes it durable and gives it its name.</summary>
    public void Publish()
    {
        RandomAccess.SetLength(_file, _blob.Size);
        RandomAccess.FlushToDisk(_file);
        _file.Dispose();
        File.Move(Part, _destination, overwrite: true);
        PosixFile.SyncFolder(Path.GetDirectoryName(_destination)!);
        File.Delete(State);
        PartPlace.Leave(Part);
    }

    /// <summary>Nothing of it is worth keeping.</summary>
    public void Discard()
    {
        _file.Dispose();
        try
        {
            // The part first: without its state it would be taken for somebody else's.
            File.Delete(Part);
            File.Delete(State);
        }
        catch (DirectoryNotFoundException)
        {
            // It was discarded before.
        }

        PartPlace.Leave(Part);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether a pull wrote the file, whole or torn.</summary>
    private static bool IsState(string path)
    {
        Span<byte> begin = stackalloc byte[Magic.Length];
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Magic.StartsWith(begin[..RandomAccess.Read(file, begin, 0)]);
    }

    private PieceBits? ReadState()
    {
        if (!File.Exists(State))
            return null;
        ReadOnlySpan<byte> state = File.ReadAllBytes(State);
        var count = _blob.Pieces.Length;
        return state.Length == StateHeader + ((count + 7) / 8)
            && state.StartsWith(Magic)
            && new Sha256Digest(state.Slice(8, Sha256Digest.Length)) == _blob.Digest
            && BinaryPrimitives.ReadInt32BigEndian(state[(8 + Sha256Digest.Length)..]) == count
            && BinaryPrimitives.ReadUInt32BigEndian(state[(StateHeader - 4)..]) == Crc32.HashToUInt32(state[StateHeader..])
                ? PieceBits.Load(count, state[StateHeader..])
                : null;
    }

    /// <summary>Better said before the download than after hours of it.</summary>
    private void CheckRoom(PieceBits claimed)
    {
        var needed = _blob.Size - ((long)claimed.SetCount * _blob.PieceSize);
        var free = new DriveInfo(Path.GetDirectoryName(_destination)!).AvailableFreeSpace;
        if (needed > free)
            throw Fault.Of(
                ReplicationFault.DiskFull, FaultKind.Exhausted, $"'{_destination}' needs {needed} more bytes, its disk has {free} free.",
                "Free some space or name a file on another disk.").ToException();
    }
}
