using System.IO.Pipelines;

namespace Entrepot.Server.Push;

/// <summary>Reads a request's body as it arrives, without holding more of it than the connection's own buffer.</summary>
internal static class BodyCopier
{
    /// <summary>Hands every part of the body to a sink, in order.</summary>
    /// <param name="body">The request's body.</param>
    /// <param name="sink">Takes a part; the memory is valid until it returns.</param>
    /// <param name="cancellation">Stops waiting for the client.</param>
    public static async Task CopyAsync(PipeReader body, Func<ReadOnlyMemory<byte>, ValueTask> sink, CancellationToken cancellation)
    {
        // Not by handing the token to ReadAsync: a read that ends so leaves the server's body reader unusable for its own clean-up.
        await using var cancelling = cancellation.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), body);
        while (true)
        {
            var read = await body.ReadAsync(CancellationToken.None);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                throw new OperationCanceledException(cancellation);
            }

            try
            {
                foreach (var part in read.Buffer)
                    await sink(part);
            }
            finally
            {
                body.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
                return;
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
