using System.Buffers;
using System.Net;

namespace Entrepot.Server.Client;

/// <summary>A request body of a file's bytes from an offset on.</summary>
internal sealed class FileSlice : HttpContent
{
    private const int BlockSize = 256 * 1024;

    private readonly LocalFile _file;
    private readonly long _offset;
    private readonly long _length;
    private readonly ITransferObserver _observer;

    public FileSlice(LocalFile file, long offset, long length, ITransferObserver observer)
    {
        (_file, _offset, _length, _observer) = (file, offset, length, observer);
        Headers.ContentLength = length;
    }

    /// <summary>Bytes handed to the connection so far.</summary>
    public long Sent { get; private set; }

    /// <summary>Is told of every block that the connection took.</summary>
    public UploadWatch? Watch { get; set; }

    /// <summary>True when the file ended before the slice did.</summary>
    public bool IsCut { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(_file.FullPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            for (var done = 0L; done < _length;)
            {
                var read = await RandomAccess.ReadAsync(handle, block.AsMemory(0, (int)Math.Min(BlockSize, _length - done)), _offset + done, cancellationToken);
                if (read == 0)
                {
                    IsCut = true;
                    throw new IOException("the file became shorter");
                }

                await stream.WriteAsync(block.AsMemory(0, read), cancellationToken);
                done += read;
                Sent = done;
                Watch?.Progress();
                _observer.Advance(read);
            }

            Watch?.Sent();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
