"""The Scrapy project: what fetches. Imported only in the process of a crawl."""
