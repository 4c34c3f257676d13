using System.Collections.Concurrent;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;

namespace Entrepot.Tests.Mirror.Replication;

/// <summary>What a source does when it is asked for a piece.</summary>
internal enum Conduct
{
    Honest,
    FlipBit,
    Truncate,
    Stall,
    NotHeld,
    Refuse,
    Unreachable,
    OtherPiece,
}

/// <summary>A source in memory that behaves as it is told to, and counts.</summary>
internal sealed class FakeSource(string name, params TestBlob[] blobs) : IPieceSource
{
    private int _open;

    public string Name => name;

    /// <summary>Decides by blob, piece and how often that piece was asked for before.</summary>
    public Func<int, int, Conduct> Behave { get; set; } = static (_, _) => Conduct.Honest;

    /// <summary>Awaited before the first byte, when set.</summary>
    public Func<int, CancellationToken, Task>? Gate { get; set; }

    /// <summary>Awaited before the last bytes, when set, whoever cancels.</summary>
    public Func<Task>? Ending { get; set; }

    public ConcurrentDictionary<(string Blob, int Piece), int> Asked { get; } = new();

    public int Requests => Asked.Values.Sum();

    public int Open => Volatile.Read(ref _open);

    public int MostOpen { get; private set; }

    /// <summary>Completes when a stalling answer has been begun.</summary>
    public TaskCompletionSource Stalled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask<Stream> OpenAsync(Fingerprint blob, int piece, CancellationToken cancellation)
    {
        var before = Asked.AddOrUpdate((blob.Digest.Hex, piece), 1, static (_, count) => count + 1) - 1;
        var conduct = Behave(piece, before);
        lock (Asked)
            MostOpen = Math.Max(MostOpen, Interlocked.Increment(ref _open));
        try
        {
            if (Gate is { } gate)
                await gate(piece, cancellation);
            switch (conduct)
            {
                case Conduct.NotHeld:
                    throw new SourceFailure(ReplicationFault.NotHeld, "does not have it").ToException();
                case Conduct.Refuse:
                    throw new SourceFailure(ReplicationFault.Refused, "answered 500").ToException();
                case Conduct.Unreachable:
                    throw new IOException("connection refused");
                default:
                    break;
            }

            var known = blobs.FirstOrDefault(candidate => candidate.Fingerprint.Digest == blob.Digest)
                ?? throw new SourceFailure(ReplicationFault.NotHeld, "does not have it").ToException();
            var wanted = conduct == Conduct.OtherPiece ? (piece + 1) % blob.Pieces.Length : piece;
            var bytes = known.Piece(wanted).ToArray();
            if (conduct == Conduct.FlipBit)
                bytes[bytes.Length / 2] ^= 0x10;
            var whole = bytes.Length;
            if (conduct is Conduct.Truncate or Conduct.Stall)
                bytes = bytes[..(whole / 2)];
            return new Answer(this, bytes, stalls: conduct == Conduct.Stall);
        }
        catch
        {
            Interlocked.Decrement(ref _open);
            throw;
        }
    }

    private sealed class Answer(FakeSource source, byte[] bytes, bool stalls) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_at == bytes.Length && stalls)
            {
                source.Stalled.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            var count = Math.Min(Math.Min(buffer.Length, 100_000), bytes.Length - _at);
            if (_at + count == bytes.Length && count > 0 && source.Ending is { } ending)
                await ending();
            bytes.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            Interlocked.Decrement(ref source._open);
            base.Dispose(disposing);
        }
    }
}
