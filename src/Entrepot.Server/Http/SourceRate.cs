using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Entrepot.Core.Faults;
using Entrepot.Ports.Declarations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Http;

/// <summary>Answers a source that asks too often with 429 (RFC 6585 §4). A source that was quiet may ask the whole number at once; after
/// that it refills evenly. An IPv6 source is its /64 (RFC 6177). This machine itself is not counted: its edges and commands are the node.</summary>
internal static class SourceRate
{
    /// <summary>Shortest time between refills.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Adds the limit.</summary>
    /// <param name="app">The surface.</param>
    /// <param name="rate">How many requests in which time.</param>
    /// <param name="surface">Its name.</param>
    /// <returns>What must be disposed with the surface.</returns>
    public static IAsyncDisposable UseSourceRate(this IApplicationBuilder app, AccessRate rate, string surface)
    {
        var limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address => RateLimitPartition.GetTokenBucketLimiter(address, _ => Bucket(rate)));
        app.Use(async (context, next) =>
        {
            if (SourceOf(context) is not { } source)
            {
                await next(context);
                return;
            }

            using var lease = limiter.AttemptAcquire(source);
            if (lease.IsAcquired)
            {
                await next(context);
                return;
            }

            var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var known) ? known : rate.Per;
            context.Response.OnStarting(() =>
            {
                context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
                return Task.CompletedTask;
            });
            await FaultResponses.WriteAsync(
                context,
                Fault.Of(
                    HttpFault.Rate, FaultKind.Exhausted, $"{source} asked the {surface} surface more than {rate} times.",
                    $"Wait as the header Retry-After says, or raise the rate of the {surface} surface in the configuration."),
                status: StatusCodes.Status429TooManyRequests);
        });
        return limiter;
    }

    /// <summary>Who is counted; null for this machine and for connections without an address.</summary>
    internal static IPAddress? SourceOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return address is null || Requester.IsThisMachine(context) ? null : SubjectOf(address);
    }

    /// <summary>What stands for an address: itself, or its /64.</summary>
    internal static IPAddress SubjectOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private static TokenBucketRateLimiterOptions Bucket(AccessRate rate)
    {
        var each = rate.Per / rate.Count;
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = rate.Count,
            // One by one where that is not too often; else as many as fall due in a tick.
            ReplenishmentPeriod = each > Tick ? each : Tick,
            TokensPerPeriod = each > Tick ? 1 : Math.Max(1, (int)(Tick / each)),
            QueueLimit = 0,
            AutoReplenishment = true,
        };
    }
}
