using System.IO.Pipelines;

namespace Entrepot.Server.Http;

/// <summary>Verified bytes that can be sent from any offset.</summary>
public interface IContentBody
{
    /// <summary>Length in bytes.</summary>
    long Size { get; }

    /// <summary>Writes exactly the given range, flushing as it goes. May be called more than once, in any order.</summary>
    /// <exception cref="Core.Faults.FaultException">The bytes can't be had. What was written before is right.</exception>
    ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation);
}
