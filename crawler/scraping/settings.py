"""Settings of the Scrapy project; see https://docs.scrapy.org/en/latest/topics/settings.html for each.

A plan changes only user agent, folders, limits and, for a site on this very machine, the delays.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "AUTOTHROTTLE_ENABLED",
    "AUTOTHROTTLE_MAX_DELAY",
    "AUTOTHROTTLE_START_DELAY",
    "AUTOTHROTTLE_TARGET_CONCURRENCY",
    "BOT_NAME",
    "CONCURRENT_ITEMS",
    "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMAIN",
    "COOKIES_ENABLED",
    "DEFAULT_REQUEST_HEADERS",
    "DOWNLOADER_MIDDLEWARES",
    "DOWNLOAD_DELAY",
    "DOWNLOAD_DELAY_JITTER",
    "DOWNLOAD_HANDLERS",
    "DOWNLOAD_MAXSIZE",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "DOWNLOAD_WARNSIZE",
    "EXTENSIONS",
    "HTTPCACHE_ENABLED",
    "HTTPCACHE_POLICY",
    "HTTPCACHE_STORAGE",
    "ITEM_PIPELINES",
    "LOG_LEVEL",
    "METAREFRESH_ENABLED",
    "REDIRECT_MAX_TIMES",
    "REMOTE_CONTROL_ENABLED",
    "RETRY_ENABLED",
    "RETRY_HTTP_CODES",
    "RETRY_TIMES",
    "ROBOTSTXT_OBEY",
    "ROBOTSTXT_USER_AGENT",
    "SCHEDULER_DISK_QUEUE",
    "SCHEDULER_START_DISK_QUEUE",
    "TELNETCONSOLE_ENABLED",
    "TWISTED_DNS_RESOLVER",
]

BOT_NAME: Final = "hawkins-crawler"
LOG_LEVEL: Final = "INFO"

# Manners: who we are, what robots.txt allows, one page at a time, slower where the site is slow.
ROBOTSTXT_OBEY: Final = True
ROBOTSTXT_USER_AGENT: Final = BOT_NAME
CONCURRENT_REQUESTS: Final = 1
CONCURRENT_REQUESTS_PER_DOMAIN: Final = 1
CONCURRENT_ITEMS: Final = 1
DOWNLOAD_DELAY: Final = 1.0
DOWNLOAD_DELAY_JITTER: Final = 0.0  # 0.5 would mean half of the delay at times
AUTOTHROTTLE_ENABLED: Final = True
AUTOTHROTTLE_START_DELAY: Final = 2.0
AUTOTHROTTLE_MAX_DELAY: Final = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY: Final = 1.0
RETRY_ENABLED: Final = True
RETRY_TIMES: Final = 3
RETRY_HTTP_CODES: Final = [408, 429, 500, 502, 503, 504, 522, 524]
REDIRECT_MAX_TIMES: Final = 5
DEFAULT_REQUEST_HEADERS: Final = {
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.5",
    "Accept-Language": "en",
}

# Doors that stay shut.
TELNETCONSOLE_ENABLED: Final = False
REMOTE_CONTROL_ENABLED: Final = False
COOKIES_ENABLED: Final = False
METAREFRESH_ENABLED: Final = False
DOWNLOAD_VERIFY_CERTIFICATES: Final = True
DOWNLOAD_HANDLERS: Final[dict[str, Any]] = {"data": None, "file": None, "ftp": None, "s3": None}
DOWNLOAD_MAXSIZE: Final = 8 * 1024 * 1024  # bytes; a long transcript has a quarter of one million
DOWNLOAD_WARNSIZE: Final = 0
DOWNLOAD_TIMEOUT: Final = 60
TWISTED_DNS_RESOLVER: Final = "crawler.scraping.guard.GuardedResolver"

# What a crawl keeps. Queues of marshal and not of pickle, which runs what it reads.
SCHEDULER_DISK_QUEUE: Final = "scrapy.squeues.MarshalLifoDiskQueue"
SCHEDULER_START_DISK_QUEUE: Final = "scrapy.squeues.MarshalFifoDiskQueue"
HTTPCACHE_ENABLED: Final = True
HTTPCACHE_POLICY: Final = "crawler.scraping.cache.KeepAnswers"
HTTPCACHE_STORAGE: Final = "crawler.scraping.cache.SqliteCache"
ITEM_PIPELINES: Final = {"crawler.scraping.pipeline.KeepItems": 300}

EXTENSIONS: Final[dict[str, Any]] = {
    "scrapy.extensions.spiderstate.SpiderState": None,  # pickles; the spider keeps its own
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.scraping.manners.Throttle": 0,
}
DOWNLOADER_MIDDLEWARES: Final[dict[str, Any]] = {
    "crawler.scraping.guard.OnSite": 20,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.scraping.manners.Robots": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.scraping.manners.PatientRetry": 550,
    # Nearer to the network than Scrapy's own, which follows: it sees a redirect first.
    "crawler.scraping.guard.RedirectsOnSite": 610,
}
