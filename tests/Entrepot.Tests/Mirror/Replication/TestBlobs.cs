using System.Buffers;
using System.IO.Pipelines;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Tests.Mirror.Replication;

/// <summary>Bytes with their fingerprint.</summary>
internal sealed record TestBlob(byte[] Bytes, Fingerprint Fingerprint)
{
    public static TestBlob Of(int size, int seed = 1)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        using var verifier = new Verifier(Expectation.None, size);
        verifier.Append(bytes);
        return new TestBlob(bytes, verifier.Complete());
    }

    public bool Is(byte[] bytes) => bytes.AsSpan().SequenceEqual(Bytes);

    public ReadOnlyMemory<byte> Piece(int piece) => Bytes.AsMemory((int)Fingerprint.OffsetOf(piece), Fingerprint.LengthOf(piece));
}

/// <summary>Collects what is written to a pipe.</summary>
internal static class Collect
{
    /// <summary>Runs the sender and returns what arrived; what arrived before a fault is in <paramref name="arrived"/>.</summary>
    public static async Task<byte[]> Async(Func<PipeWriter, Task> send, ArrayBufferWriter<byte>? arrived = null)
    {
        arrived ??= new ArrayBufferWriter<byte>();
        var pipe = new Pipe();
        var sending = Task.Run(async () =>
        {
            try
            {
                await send(pipe.Writer);
            }
            finally
            {
                await pipe.Writer.CompleteAsync();
            }
        });
        while (true)
        {
            var read = await pipe.Reader.ReadAsync();
            foreach (var segment in read.Buffer)
                arrived.Write(segment.Span);
            pipe.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                break;
        }

        await sending;
        return arrived.WrittenSpan.ToArray();
    }
}
