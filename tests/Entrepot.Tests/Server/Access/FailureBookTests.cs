using System.Net;
using CsCheck;
using Entrepot.Server.Access;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Access;

public sealed class FailureBookTests
{
    private static readonly IPAddress Source = IPAddress.Parse("192.0.2.1");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_source_may_fail_a_burst_and_then_waits()
    {
        var book = new FailureBook(_time);
        for (var i = 0; i < FailureBook.Burst; i++)
            book.Note(Source).RetryAfter.ShouldBeNull();
        book.Note(Source).RetryAfter.ShouldBe(FailureBook.Refill);
        book.Note(IPAddress.Parse("192.0.2.2")).RetryAfter.ShouldBeNull();

        _time.Advance(2 * FailureBook.Refill);
        book.Note(Source).RetryAfter.ShouldBeNull();
        book.Note(Source).RetryAfter.ShouldBe(FailureBook.Refill);
    }

    [Fact]
    public void Nobody_waits_longer_than_two_bursts_take_to_refill()
        => Gen.Int[1, 500].Sample(count =>
        {
            var book = new FailureBook(_time);
            var last = default(FailureAnswer);
            for (var i = 0; i < count; i++)
                last = book.Note(Source);
            (last.RetryAfter ?? TimeSpan.Zero).ShouldBeLessThanOrEqualTo((FailureBook.Burst + 1) * FailureBook.Refill);
            (last.RetryAfter is not null).ShouldBe(count > FailureBook.Burst);
        }, threads: 1);

    [Fact]
    public void The_journal_is_told_once_a_minute_how_many_there_were()
    {
        var book = new FailureBook(_time);
        book.Note(Source).Told.ShouldBe(1);
        for (var i = 0; i < 50; i++)
            book.Note(Source).Told.ShouldBe(0);
        _time.Advance(TimeSpan.FromMinutes(1));
        book.Note(Source).Told.ShouldBe(51);
    }

    [Fact]
    public void A_crowd_fills_neither_the_table_nor_the_journal()
    {
        var book = new FailureBook(_time);
        var told = 0;
        for (var i = 0; i < FailureBook.MaxSources + 1000; i++)
            told += book.Note(new IPAddress(BitConverter.GetBytes(i + 1))).Told;
        told.ShouldBe(FailureBook.MaxToldPerMinute);
        book.Count.ShouldBe(FailureBook.MaxSources);

        _time.Advance(TimeSpan.FromMinutes(2));
        book.Note(Source).Told.ShouldBe(1);
        book.Count.ShouldBe(1);
    }
}
